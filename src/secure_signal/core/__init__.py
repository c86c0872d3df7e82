"""What the pipeline means: no I/O, no clock, no environment. Time comes in as an argument."""
