"""What the tests of providers and applications stand on."""
