PANEL = 'guts'
PANEL_DASHBOARD = 'project'
PANEL_GROUP = 'migration'
ADD_PANEL = 'guts_dashboard.panels.ProjectPanel'
