"""bitrixmail: receives a site's mail, sorts it by rules, keeps it, and sends the site's own."""
