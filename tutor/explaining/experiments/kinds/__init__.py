"""One module for each kind of silent mistake: its rule, its words and its examples."""
