from django.apps import AppConfig


class GutsDashboardConfig(AppConfig):
    name = 'guts_dashboard'

    def ready(self):
        # Registers the proxy below Horizon's own /api/, before its addresses are read.
        from guts_dashboard import proxy  # noqa: F401
