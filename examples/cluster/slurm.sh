#!/usr/bin/env bash
# A search on SLURM: the first task of the array starts the study, the others join it.
#   AUTOMAP_STORAGE=postgresql://user@db.example.org/automap sbatch examples/cluster/slurm.sh search.yaml
#
# The spec names the database (storage: postgresql://...) and a run directory that all nodes reach (runs: ...).
# SLURM sends SIGTERM two minutes before the time is up: workers leave at the end of their epoch, and what they were
# training goes on in the other tasks, or when the same script is submitted again.
#SBATCH --job-name=automap
#SBATCH --array=0-7
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
set -euo pipefail
spec=${1:?usage: sbatch slurm.sh SPEC}

if [ "$SLURM_ARRAY_TASK_ID" -eq 0 ]; then
  automap search "$spec" --workers auto &
else
  automap worker "$spec" --workers auto --wait 30m &
fi
# Bash handles the signal only between commands: the program must run in the background to get it passed on.
trap 'kill -TERM "$!"' TERM
wait "$!" || wait "$!"
