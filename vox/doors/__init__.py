"""The doors: one folder per client protocol. A door reads its wire, calls the runtime, and writes its wire; it decides
nothing."""
