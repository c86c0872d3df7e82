"""One package for each service; its ``service`` module reads like its box in the picture."""
