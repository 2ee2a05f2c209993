"""GUTS in Horizon: its web app as panels, and the proxy that the app calls guts-api through."""
