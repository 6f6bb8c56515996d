"""Live sessions: one client at a time has the microphone, and reads what is said while it is said."""
