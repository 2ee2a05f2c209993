from django.urls import re_path

from guts_dashboard.views import AppView

urlpatterns = [
    re_path(r'^$', AppView.as_view(scope='admin'), name='index'),
    re_path(r'^.+$', AppView.as_view(scope='admin')),
]
