"""Files that people bring: checked before they are kept, encrypted where they lie, given out by our own views only."""
