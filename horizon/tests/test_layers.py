import unittest

from guts_dashboard.templatetags.guts import layered


class LayersTest(unittest.TestCase):
    def test_style_sheets_go_into_a_layer(self):
        self.assertEqual(
            layered(
                '<link rel="stylesheet" href="/static/a.css" type="text/css" media="screen">'
                "<link href='/static/b.css?x=1&amp;y' rel='stylesheet' />"
            ),
            '<style>@import url("/static/a.css") layer(horizon) screen;</style>'
            '<style>@import url("/static/b.css?x=1&amp;y") layer(horizon);</style>',
        )

    def test_all_else_stays_as_it_is(self):
        for links in (
            '<link rel="shortcut icon" href="/static/favicon.ico"/>',
            '<link rel="stylesheet">',
            '<link rel="stylesheet" href="a.css\\");x{}">',
            '<style>b {}</style>',
        ):
            self.assertEqual(layered(links), links)
