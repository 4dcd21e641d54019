"""One file for each kind of mistake, or for a few that are told apart together."""
