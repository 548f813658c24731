"""The Python API, which notebooks, scripts and all commands use."""

import warnings

# In notebooks tqdm, which Optuna imports, asks for ipywidgets; automap needs neither.
warnings.filterwarnings("ignore", message="IProgress not found")
