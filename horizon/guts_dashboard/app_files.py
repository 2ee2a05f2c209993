"""The built app, as its build's manifest lists it (Vite's format)."""

import json
import os

FOLDER = os.path.join(os.path.dirname(__file__), 'static', 'guts')


def entry(folder=FOLDER):
    """The app's entry script and its style sheets, relative to the static folder.

    :raises OSError: the app is not there
    """
    with open(os.path.join(folder, 'manifest.json'), encoding='utf-8') as file:
        manifest = json.load(file)
    first = next(key for key, chunk in manifest.items() if chunk.get('isEntry'))
    styles, seen, todo = [], set(), [first]
    while todo:
        key = todo.pop(0)
        if key in seen:
            continue
        seen.add(key)
        styles += [name for name in manifest[key].get('css', []) if name not in styles]
        todo += manifest[key].get('imports', [])
    return manifest[first]['file'], styles
