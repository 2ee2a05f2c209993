import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { readBoot } from './boot.ts';
import { ownAddress } from './own-address.ts';
import { prepare, Root } from './Root.tsx';
import { followTheme } from './shell/theme.ts';

const boot = readBoot(document.getElementById('guts-boot')?.textContent ?? null);
const place = document.getElementById('guts-root');
if (!place) throw new Error('the page has no #guts-root');
const own = ownAddress(boot, window.location);
if (own !== null) window.history.replaceState(window.history.state, '', own);
followTheme();
const parts = prepare(boot);
// Horizon's page has resets of its own, which ours would undo.
if (boot.mode === 'alone') await import('./style/alone.ts');
else await import('./style/horizon.ts');
createRoot(place).render(
  <StrictMode>
    <Root {...parts} />
  </StrictMode>,
);
