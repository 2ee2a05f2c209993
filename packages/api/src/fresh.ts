/** How fresh a daemon's heartbeat must be for it to be told as alive; seconds. */
export const ALIVE_SECONDS = 30;

/** How fresh a worker's heartbeat must be for its drivers and slots to count; seconds. */
export const OFFERED_SECONDS = 60;
