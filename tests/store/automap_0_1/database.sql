BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE automap_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT automap_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "automap_alembic_version" VALUES('0001');
CREATE TABLE automap_results (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	seed BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	reason TEXT, 
	value DOUBLE, 
	candidate JSON NOT NULL, 
	validation JSON NOT NULL, 
	test JSON, 
	cost JSON NOT NULL, 
	curve JSON NOT NULL, 
	notes JSON NOT NULL, 
	artifacts TEXT, 
	finished_at DOUBLE NOT NULL, 
	CONSTRAINT pk_automap_results PRIMARY KEY (id), 
	CONSTRAINT fk_automap_results_run_id FOREIGN KEY(run_id) REFERENCES automap_runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_automap_results_study_id FOREIGN KEY(study_id) REFERENCES automap_studies (id) ON DELETE CASCADE, 
	CONSTRAINT uq_automap_results_run_id UNIQUE (run_id), 
	CONSTRAINT uq_automap_results_study_id_trial_kind_seed UNIQUE (study_id, trial, kind, seed)
);
INSERT INTO "automap_results" VALUES(1,1,1,0,'search',0,'complete',NULL,1.00371747211895914753e-01,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.002, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}','{"accuracy": 0.10037174721189591, "macro_f1": 0.01830508474576271, "balanced_accuracy": 0.1, "top5_accuracy": 0.483271375464684, "log_loss": 2.3124714346638213, "calibration_error": 0.01508054284429507, "auroc": 0.38722186904005085, "loss": 2.31247138622525}',NULL,'{"train_seconds": 0.5120058070006053, "parameters": 90.0, "flops": 3056.0, "latency_ms": 0.3453394997450232, "latency_p95_ms": 0.5372450493268842, "size_bytes": 24994.0, "peak_memory_bytes": 947200000.0}','[{"epoch": 1.0, "seconds": 0.5120058070006053, "learning_rate": 0.0, "train_loss": 2.3157403469085693, "accuracy": 0.10037174721189591, "macro_f1": 0.01830508474576271, "balanced_accuracy": 0.1, "top5_accuracy": 0.483271375464684, "log_loss": 2.3124714346638213, "calibration_error": 0.01508054284429507, "auroc": 0.38722186904005085, "loss": 2.31247138622525}]','[]','trial-00000',1.7955923854129984379e+09);
INSERT INTO "automap_results" VALUES(2,2,1,1,'search',1,'complete',NULL,1.4869888475836431918e-01,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003538453590906551, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}','{"accuracy": 0.14869888475836432, "macro_f1": 0.048010360254297155, "balanced_accuracy": 0.14814814814814814, "top5_accuracy": 0.5204460966542751, "log_loss": 2.2993669210087915, "calibration_error": 0.03310856582259054, "auroc": 0.5988698170516352, "loss": 2.299366815382663}',NULL,'{"train_seconds": 0.1375901299998077, "parameters": 90.0, "flops": 3056.0, "latency_ms": 0.3417215002627927, "latency_p95_ms": 0.46451674988929875, "size_bytes": 24994.0, "peak_memory_bytes": 949665792.0}','[{"epoch": 1.0, "seconds": 0.1375901299998077, "learning_rate": 0.0, "train_loss": 2.298497438430786, "accuracy": 0.14869888475836432, "macro_f1": 0.048010360254297155, "balanced_accuracy": 0.14814814814814814, "top5_accuracy": 0.5204460966542751, "log_loss": 2.2993669210087915, "calibration_error": 0.03310856582259054, "auroc": 0.5988698170516352, "loss": 2.299366815382663}]','[]','trial-00001',1.79559238594500112534e+09);
INSERT INTO "automap_results" VALUES(3,3,1,1,'final',1000,'complete',NULL,7.80669144981412654882e-02,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003538453590906551, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}','{"accuracy": 0.07806691449814127, "macro_f1": 0.01567164179104478, "balanced_accuracy": 0.07777777777777778, "top5_accuracy": 0.5650557620817844, "log_loss": 2.312044651450864, "calibration_error": 0.03472736690490838, "auroc": 0.4564399498742933, "loss": 2.312044749029507}','{"accuracy": 0.08178438661710037, "macro_f1": 0.019391324626865672, "balanced_accuracy": 0.08148148148148149, "top5_accuracy": 0.5650557620817844, "log_loss": 2.313224099805666, "calibration_error": 0.030705899910845075, "auroc": 0.4286451670290054, "loss": 2.313224192445606}','{"train_seconds": 0.13820399700034613, "parameters": 90.0, "flops": 3056.0, "latency_ms": 0.34662500002013985, "latency_p95_ms": 0.5297254500419513, "size_bytes": 24994.0, "peak_memory_bytes": 950620160.0}','[{"epoch": 1.0, "seconds": 0.13820399700034613, "learning_rate": 0.0, "train_loss": 2.3143768310546875, "accuracy": 0.07806691449814127, "macro_f1": 0.01567164179104478, "balanced_accuracy": 0.07777777777777778, "top5_accuracy": 0.5650557620817844, "log_loss": 2.312044651450864, "calibration_error": 0.03472736690490838, "auroc": 0.4564399498742933, "loss": 2.312044749029507}]','[]','final-00001-seed-1000',1.79559238647100925445e+09);
INSERT INTO "automap_results" VALUES(4,4,2,0,'search',0,'complete',NULL,21.7783772505938,'{"task": {"type": "enhancement", "decoder": "unet", "width": 16}, "dataset": {"type": "degraded", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "path": "/folder/photos", "patch": 32, "blur": 0.0, "downscale": 1, "low_light": 1.0, "noise": 25.0, "jpeg": null, "seed": 0}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.002, "weight_decay": 0.0}, "loss": {"type": "mse"}, "training": {"epochs": 1, "batch_size": 8, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}','{"psnr": 21.7783772505938, "ssim": 0.9608026903785064, "input_psnr": 21.6012579915755, "input_ssim": 0.9561400717688997, "loss": 0.006728996988385916}',NULL,'{"train_seconds": 1.4265649209992262, "parameters": 777.0, "flops": 1544480.0, "latency_ms": 0.6557155002155923, "latency_p95_ms": 0.9528627499093997, "size_bytes": 36848.0, "peak_memory_bytes": 935936000.0}','[{"epoch": 1.0, "seconds": 1.4265649209992262, "learning_rate": 0.0, "train_loss": 0.006383294239640236, "psnr": 21.7783772505938, "ssim": 0.9608026903785064, "input_psnr": 21.6012579915755, "input_ssim": 0.9561400717688997, "loss": 0.006728996988385916}]','[]','trial-00000',1.79559255788701772685e+09);
INSERT INTO "automap_results" VALUES(5,5,2,1,'search',1,'complete',NULL,2.17841867726849685031e+01,'{"task": {"type": "enhancement", "decoder": "fpn", "width": 32}, "dataset": {"type": "degraded", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "path": "/folder/photos", "patch": 32, "blur": 0.0, "downscale": 1, "low_light": 1.0, "noise": 25.0, "jpeg": null, "seed": 0}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003506575410186656, "weight_decay": 0.0}, "loss": {"type": "l1"}, "training": {"epochs": 1, "batch_size": 8, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}','{"psnr": 21.78418677268497, "ssim": 0.9682773596710172, "input_psnr": 21.6012579915755, "input_ssim": 0.9561400717688997, "loss": 0.06927283108234406}',NULL,'{"train_seconds": 1.854011526999784, "parameters": 28361.0, "flops": 57807136.0, "latency_ms": 3.963227500207722, "latency_p95_ms": 8.981857599883366, "size_bytes": 157436.0, "peak_memory_bytes": 956952576.0}','[{"epoch": 1.0, "seconds": 1.854011526999784, "learning_rate": 0.0, "train_loss": 0.053641367703676224, "psnr": 21.78418677268497, "ssim": 0.9682773596710172, "input_psnr": 21.6012579915755, "input_ssim": 0.9561400717688997, "loss": 0.06927283108234406}]','[]','trial-00001',1.79559256140500307086e+09);
CREATE TABLE automap_runs (
	id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	seed BIGINT NOT NULL, 
	candidate JSON NOT NULL, 
	epochs INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	worker VARCHAR(200), 
	heartbeat_at DOUBLE, 
	started_at DOUBLE, 
	attempts INTEGER NOT NULL, 
	last_death TEXT, 
	epoch INTEGER NOT NULL, 
	metric DOUBLE, 
	epoch_seconds DOUBLE, 
	CONSTRAINT pk_automap_runs PRIMARY KEY (id), 
	CONSTRAINT fk_automap_runs_study_id FOREIGN KEY(study_id) REFERENCES automap_studies (id) ON DELETE CASCADE, 
	CONSTRAINT uq_automap_runs_study_id_trial_kind_seed UNIQUE (study_id, trial, kind, seed)
);
INSERT INTO "automap_runs" VALUES(1,1,0,'search',0,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.002, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}',1,'done','host-1-1',1.79559238540998101236e+09,1.79559238448699259762e+09,1,NULL,1,1.00371747211895914753e-01,5.1200580700060527306e-01);
INSERT INTO "automap_runs" VALUES(2,1,1,'search',1,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003538453590906551, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}',1,'done','host-1-1',1.79559238594399547578e+09,1.79559238544498395921e+09,1,NULL,1,1.4869888475836431918e-01,1.37590129999807686544e-01);
INSERT INTO "automap_runs" VALUES(3,1,1,'final',1000,'{"task": {"type": "classification", "dropout": 0.0}, "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003538453590906551, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}',1,'done','host-1-1',1.79559238647000336645e+09,1.79559238597099184988e+09,1,NULL,1,7.80669144981412654882e-02,1.38203997000346134882e-01);
INSERT INTO "automap_runs" VALUES(4,2,0,'search',0,'{"task": {"type": "enhancement", "decoder": "unet", "width": 16}, "dataset": {"type": "degraded", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "path": "/folder/photos", "patch": 32, "blur": 0.0, "downscale": 1, "low_light": 1.0, "noise": 25.0, "jpeg": null, "seed": 0}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.002, "weight_decay": 0.0}, "loss": {"type": "mse"}, "training": {"epochs": 1, "batch_size": 8, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}',1,'done','host-1-1',1.79559255788400030139e+09,1.79559255517598843573e+09,1,NULL,1,21.7783772505938,1.42656492099922616034e+00);
INSERT INTO "automap_runs" VALUES(5,2,1,'search',1,'{"task": {"type": "enhancement", "decoder": "fpn", "width": 32}, "dataset": {"type": "degraded", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "path": "/folder/photos", "patch": 32, "blur": 0.0, "downscale": 1, "low_light": 1.0, "noise": 25.0, "jpeg": null, "seed": 0}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": 0.003506575410186656, "weight_decay": 0.0}, "loss": {"type": "l1"}, "training": {"epochs": 1, "batch_size": 8, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}}',1,'done','host-1-1',1.79559256140299129483e+09,1.79559255799999237064e+09,1,NULL,1,2.17841867726849685031e+01,1.85401152699978410964e+00);
CREATE TABLE automap_studies (
	id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	spec_text TEXT NOT NULL, 
	spec JSON NOT NULL, 
	objectives JSON NOT NULL, 
	data_fingerprint VARCHAR(200) NOT NULL, 
	environment JSON NOT NULL, 
	run_directory TEXT NOT NULL, 
	trial_budget INTEGER, 
	time_budget DOUBLE, 
	seconds_used DOUBLE NOT NULL, 
	ticked_at DOUBLE, 
	slots_taken INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT pk_automap_studies PRIMARY KEY (id), 
	CONSTRAINT uq_automap_studies_name UNIQUE (name)
);
INSERT INTO "automap_studies" VALUES(1,'digits','dataset: {type: sklearn, name: digits}
architecture: {type: cnn, filters: [4], dense: 0, dropout: 0.0}
augmentation: []
optimizer: {type: adamw, learning_rate: {low: 1e-3, high: 1e-2, log: true}, weight_decay: 0.0}
training: {epochs: 1, batch_size: 256}
budget: {trials: 2}
search: {pruner: hyperband, sampler: tpe}
finalists: {top: 1, seeds: 1}
','{"name": "digits", "dataset": {"type": "sklearn", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "name": "digits"}, "task": {"type": "classification", "dropout": 0.0}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": 0.0}, "loss": {"type": "cross_entropy", "label_smoothing": 0.0}, "training": {"epochs": 1, "batch_size": 256, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}, "objectives": [{"metric": "accuracy", "direction": "maximize"}], "constraints": [], "budget": {"trials": 2, "time": null, "target": null}, "search": {"sampler": "tpe", "pruner": "hyperband", "seed": 0}, "finalists": {"top": 1, "seeds": 1}, "runs": null, "cache": null}','[{"metric": "accuracy", "direction": "maximize"}]','2c32fd181de69a0b68b9dd1ee83cc7cfee872a0eab3fcd390f543685cd26f903','{}','/folder/automap.runs/digits',2,NULL,9.67900609970092773437e+00,1.79559238726899337767e+09,2,1.79559237732400608063e+09);
INSERT INTO "automap_studies" VALUES(2,'sharpen','dataset: {type: degraded, path: photos, patch: 32, noise: 25}
architecture: {type: cnn, filters: [4], dense: 0, dropout: 0.0}
augmentation: []
optimizer: {type: adamw, learning_rate: {low: 1e-3, high: 1e-2, log: true}, weight_decay: 0.0}
loss: {choices: [mse, l1, charbonnier]}
training: {epochs: 1, batch_size: 8}
search: {pruner: asha, sampler: random}
budget: {trials: 2}
finalists: {top: 0}
','{"name": "sharpen", "dataset": {"type": "degraded", "splits": {"validation": 0.15, "test": 0.15, "seed": 0, "unseen_classes": null, "pairs": null}, "image_size": null, "channels": null, "resize": "pad", "max_bad": 0.01, "path": "/folder/photos", "patch": 32, "blur": 0.0, "downscale": 1, "low_light": 1.0, "noise": 25.0, "jpeg": null, "seed": 0}, "task": {"type": "enhancement", "decoder": {"choices": ["unet", "fpn"]}, "width": {"low": 16, "high": 48, "step": 16}}, "architecture": {"type": "cnn", "filters": [4], "dense": 0, "activation": "relu", "dropout": 0.0}, "augmentation": [], "optimizer": {"type": "adamw", "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": 0.0}, "loss": {"choices": [{"type": "mse"}, {"type": "l1"}, {"type": "charbonnier", "epsilon": 0.001}]}, "training": {"epochs": 1, "batch_size": 8, "schedule": "cosine", "warmup": 0.05, "ema": null, "gradient_clip": null, "early_stopping": null, "precision": "auto", "devices": 1, "jit": "auto"}, "objectives": [{"metric": "psnr", "direction": "maximize"}], "constraints": [], "budget": {"trials": 2, "time": null, "target": null}, "search": {"sampler": "random", "pruner": "asha", "seed": 0}, "finalists": {"top": 0, "seeds": 3}, "runs": null, "cache": null}','[{"metric": "psnr", "direction": "maximize"}]','cc40f8eea9a53de0816e314fd28d0dfbc09c5b40ed435d75de0f76ac43374b17','{}','/folder/automap.runs/sharpen',2,NULL,2.68400073051452636718e+01,1.79559256611300420763e+09,2,1.79559253845799422265e+09);
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'digits');
INSERT INTO "studies" VALUES(2,'sharpen');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MAXIMIZE',2,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["accuracy"]');
INSERT INTO "study_system_attributes" VALUES(2,2,'study:metric_names','["psnr"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'optimizer.learning_rate',0.002,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(2,2,'optimizer.learning_rate',3.53845359090655111819e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(3,3,'task.decoder',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["unet", "fpn"]}}');
INSERT INTO "trial_params" VALUES(4,3,'task.width',16.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 48}}');
INSERT INTO "trial_params" VALUES(5,3,'optimizer.learning_rate',0.002,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(6,3,'loss',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["mse", "l1", "charbonnier"]}}');
INSERT INTO "trial_params" VALUES(7,4,'task.decoder',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["unet", "fpn"]}}');
INSERT INTO "trial_params" VALUES(8,4,'task.width',32.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 48}}');
INSERT INTO "trial_params" VALUES(9,4,'optimizer.learning_rate',3.50657541018665596527e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(10,4,'loss',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["mse", "l1", "charbonnier"]}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,1,'fixed_params','{"optimizer.learning_rate": 0.002}');
INSERT INTO "trial_system_attributes" VALUES(2,3,'fixed_params','{"task.decoder": "unet", "task.width": 16, "optimizer.learning_rate": 0.002, "loss": "mse"}');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,1.00371747211895914753e-01,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,1.4869888475836431918e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,21.7783772505938,'FINITE');
INSERT INTO "trial_values" VALUES(4,4,0,2.17841867726849685031e+01,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 07:39:44.473666','2026-11-25 07:39:45.419351');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-25 07:39:45.430686','2026-11-25 07:39:45.951270');
INSERT INTO "trials" VALUES(3,0,2,'COMPLETE','2026-11-25 07:42:35.088392','2026-11-25 07:42:37.901624');
INSERT INTO "trials" VALUES(4,1,2,'COMPLETE','2026-11-25 07:42:37.963013','2026-11-25 07:42:41.420152');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE INDEX ix_automap_runs_study_id_state_heartbeat_at ON automap_runs (study_id, state, heartbeat_at);
CREATE INDEX ix_automap_runs_worker ON automap_runs (worker);
CREATE INDEX ix_automap_results_study_id_kind_state_value ON automap_results (study_id, kind, state, value);
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
