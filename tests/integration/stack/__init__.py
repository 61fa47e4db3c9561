"""What the integration tests run on: two real Asterisks in containers, our processes, a bot that obeys the test."""
