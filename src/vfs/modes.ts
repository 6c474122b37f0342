/** J6: what of a requested mode is taken. setuid, setgid and sticky are dropped; the service keeps its own access. */
export function fileMode(mode: number, umask = 0): number {
  return (mode & ~umask & 0o777) | 0o600;
}

export function folderMode(mode: number, umask = 0): number {
  return (mode & ~umask & 0o777) | 0o700;
}
