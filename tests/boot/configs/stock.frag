# Linux as it is: nothing of the series is in the tree.
# tree: stock
