"""An endpoint of webhooks that is really down for half a minute. Run by hand, prints figures."""
