"""What correlations remember of their groups, and when they tell."""
