import {
  Divider,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  MenuToggle,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useApp } from '../app.tsx';
import { useMe } from '../api/me.ts';
import { useFeed } from '../live/feed-state.ts';
import { useSession } from '../login/SessionGate.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { chooseTheme, type Theme, THEMES, useTheme } from './theme.ts';

const FEED = { open: text.feed.live, connecting: text.feed.connecting, lost: text.feed.lostShort } as const;

/** Who one is, the colours, and the way out. */
export function AccountMenu() {
  const { sessions } = useApp();
  const queries = useQueryClient();
  const session = useSession()?.session ?? null;
  const me = useMe();
  const theme = useTheme();
  const { state: feed } = useFeed();
  const [open, setOpen] = useState(false);
  const logout = useOnce(
    useCallback(async () => {
      await sessions?.close(session?.csrf_token ?? null);
      // Nothing of this session stays in the page.
      queries.clear();
      window.location.reload();
    }, [sessions, session, queries]),
  );
  return (
    <Toolbar isFullHeight>
      <ToolbarContent>
        <ToolbarItem align={{ default: 'alignEnd' }} alignSelf="center">
          <output className={`guts-feed guts-feed-${feed}`}>{FEED[feed]}</output>
        </ToolbarItem>
        <ToolbarItem>
          <Dropdown
            isOpen={open}
            onOpenChange={setOpen}
            onSelect={() => setOpen(false)}
            popperProps={{ position: 'right' }}
            toggle={(ref) => (
              <MenuToggle ref={ref} isExpanded={open} isFullHeight onClick={() => setOpen(!open)}>
                {session?.user_name ?? text.account.label}
              </MenuToggle>
            )}
          >
            {session ? (
              <DropdownGroup label={text.account.project(session.project_name ?? text.nothing)}>
                <p className="guts-menu-note guts-quiet">{text.account.roles(me?.roles ?? session.roles)}</p>
              </DropdownGroup>
            ) : null}
            <DropdownGroup label={text.theme.label}>
              <DropdownList>
                {THEMES.map((one: Theme) => (
                  <DropdownItem key={one} isSelected={theme === one} onClick={() => chooseTheme(one)}>
                    {text.theme[one]}
                  </DropdownItem>
                ))}
              </DropdownList>
            </DropdownGroup>
            <Divider />
            <DropdownList>
              <DropdownItem isDisabled={logout.busy} onClick={() => logout.run()}>
                {text.account.logout}
              </DropdownItem>
            </DropdownList>
          </Dropdown>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}
