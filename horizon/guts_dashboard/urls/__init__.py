"""Every path below a panel is the app's, so that its links and a reload work."""
