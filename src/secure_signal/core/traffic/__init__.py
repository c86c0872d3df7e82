"""Made traffic: a believable population, and labelled attacks on it."""
