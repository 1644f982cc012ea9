"""Speed, measured beside R where R is present; run by hand, never by the tests."""
