PANEL = 'guts'
PANEL_DASHBOARD = 'admin'
PANEL_GROUP = 'migration'
ADD_PANEL = 'guts_dashboard.panels.AdminPanel'
