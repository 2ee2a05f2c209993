# The panel group Migration under Admin.
PANEL_GROUP = 'migration'
PANEL_GROUP_NAME = 'Migration'
PANEL_GROUP_DASHBOARD = 'admin'
