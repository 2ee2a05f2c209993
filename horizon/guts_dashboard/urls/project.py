from django.urls import re_path

from guts_dashboard.views import AppView

urlpatterns = [
    re_path(r'^$', AppView.as_view(scope='project'), name='index'),
    re_path(r'^.+$', AppView.as_view(scope='project')),
]
