# Sourced by what prints how long it took: a time beside what it should take at most (seconds). One that took longer
# is marked and no failure: a slow machine is no bug.
beside_limit() {
  printf '%d s of at most %d s' "$1" "$2"
  if [ "$1" -gt "$2" ]; then printf ': OVER ITS LIMIT'; fi
}
