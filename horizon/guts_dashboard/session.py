"""What a call leaves of Horizon's session."""


def _choice(session):
    token = session.get('token')
    return getattr(token, 'id', None), session.get('services_region')


def leave_as_chosen(session):
    """Keeps a long call from undoing what was chosen in another tab while it was under way.

    Horizon lengthens the session with every call, which has Django write all of it after the call, as it was before:
    with the project, the region or the login of then. If they are others by now, this call writes nothing.
    """
    stored = type(session)(session.session_key).load()
    if _choice(stored) != _choice(session):
        session.modified = False
