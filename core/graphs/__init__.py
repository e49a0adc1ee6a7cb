"""The cortex as a graph (thesis 7.1): neighbours of its nodes, neighbourhoods drawn from them, and what nodes know."""
