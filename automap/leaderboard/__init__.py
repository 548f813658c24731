"""The leaderboard: ranking, Pareto front and rendering."""
