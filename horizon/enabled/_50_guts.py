# The panel group Migration under Project.
PANEL_GROUP = 'migration'
PANEL_GROUP_NAME = 'Migration'
PANEL_GROUP_DASHBOARD = 'project'
ADD_INSTALLED_APPS = ['guts_dashboard']
