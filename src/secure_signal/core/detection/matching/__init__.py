"""What a rule asks of one signal, and how the few rules to ask are found."""
