"""The Python API: what notebooks, scripts and every command of the command line call."""

import warnings

# In notebooks tqdm, which Optuna imports, asks for ipywidgets; automap needs neither.
warnings.filterwarnings("ignore", message="IProgress not found")
