"""The daemon: puts the layers together, opens the doors, tells clients where they are, and ends in good order."""
