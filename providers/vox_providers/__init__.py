"""The provider programs that ship with Vox: each module is an executable of its own."""
