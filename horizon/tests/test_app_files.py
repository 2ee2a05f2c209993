import json
import os
import tempfile
import unittest

from guts_dashboard import app_files


class AppFilesTest(unittest.TestCase):
    def entry(self, manifest):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'manifest.json'), 'w', encoding='utf-8') as file:
                json.dump(manifest, file)
            return app_files.entry(folder)

    def test_the_entry_and_the_styles_of_all_that_it_loads(self):
        manifest = {
            '_a.js': {'file': 'assets/a.js', 'css': ['assets/a.css'], 'imports': ['_b.js']},
            '_b.js': {'file': 'assets/b.js', 'css': ['assets/b.css', 'assets/a.css'], 'imports': ['_a.js']},
            'later.tsx': {'file': 'assets/later.js', 'css': ['assets/later.css'], 'isDynamicEntry': True},
            'index.html': {
                'file': 'assets/index.js', 'isEntry': True, 'css': ['assets/index.css'], 'imports': ['_a.js'],
                'dynamicImports': ['later.tsx'],
            },
        }
        styles = ['assets/index.css', 'assets/a.css', 'assets/b.css']
        self.assertEqual(self.entry(manifest), ('assets/index.js', styles))

    def test_where_there_is_none(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(OSError):
            app_files.entry(folder)
