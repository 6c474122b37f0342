/**
 * Made once with OpenSSH 9.2: `ssh-keygen -t TYPE`, its fingerprint by `-l`, its RFC 4716 form by `-e`, and the signature
 * blob out of `ssh-keygen -Y sign -n file` over the text `plimsoll`.
 */
export interface GoldenKey {
  readonly name: string;
  readonly type: string;
  readonly line: string;
  readonly fingerprint: string;
  readonly rfc4716: string;
  readonly signature: string;
}

export const goldenKeys: readonly GoldenKey[] = [
  {
    name: 'ed25519',
    type: 'ssh-ed25519',
    line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG1j4lg+uj08fNk5esTYMZNmSn0tiluNbDk/cbHnKi1c made for ed25519',
    fingerprint: 'SHA256:z+ETaZAk2YVjCn+8kZ74w9rf7irr5/iOeu7MJ5qAcDc',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "256-bit ED25519, converted by someone@example.org from OpenSSH"\nAAAAC3NzaC1lZDI1NTE5AAAAIG1j4lg+uj08fNk5esTYMZNmSn0tiluNbDk/cbHnKi1c\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAAC3NzaC1lZDI1NTE5AAAAQPE5AkMILYDikVlEVilFqh46/CThTeCGILVP6PdvUsZZ1gARD0IJvtD34N4l+CNLo5dGyniiFSEAuFrOoG864Ao=',
  },
  {
    name: 'ecdsa256',
    type: 'ecdsa-sha2-nistp256',
    line: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBK0+15gWEhVvF1Ggc5D/ruUQ8jWrc0scvvcCr5JjRncnW0Jr6Zc2oaSPuoHgqo2Y8YL0qQMtAOTKCjImvlIeCuc= made for ecdsa256',
    fingerprint: 'SHA256:XkyItuWKK45rEUXWXz3wqe5wzlZHmC9toWad/p0IA7M',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "256-bit ECDSA, converted by someone@example.org from OpenSSH"\nAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBK0+15gWEhVvF1Ggc5\nD/ruUQ8jWrc0scvvcCr5JjRncnW0Jr6Zc2oaSPuoHgqo2Y8YL0qQMtAOTKCjImvlIeCuc=\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAABKAAAAIQDi70ydlDwa2QTCuQNl9B9cl4TTtVvF3epNmEEvqjkazgAAACEApFj0uH4cBy6qjF8i1SHEClvMrPpajsRGQwWwYqP1n1w=',
  },
  {
    name: 'ecdsa384',
    type: 'ecdsa-sha2-nistp384',
    line: 'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBHKP+ZDfCy8SnC4/x3uYWKqtFSMwzuvLZiqm4LPsD4r/oFH1+CdJCzHnay2Eek3lZE0KetIedIpANRn98Ld2ygMp3U1/GXmOS8Thu/coh/GXmc240cYzJPQgc1Fr0bZetg== made for ecdsa384',
    fingerprint: 'SHA256:1yDyoMz9tKDIh3nsT3KsggdqFbmRf+1+E9tcygvpJv4',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "384-bit ECDSA, converted by someone@example.org from OpenSSH"\nAAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBHKP+ZDfCy8SnC4/x3\nuYWKqtFSMwzuvLZiqm4LPsD4r/oFH1+CdJCzHnay2Eek3lZE0KetIedIpANRn98Ld2ygMp\n3U1/GXmOS8Thu/coh/GXmc240cYzJPQgc1Fr0bZetg==\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAABqAAAAMQD5Lbhf/Bx6Lq53XrlLFn4uoXIDGTm7mXPcjkUiro7yEg4c9X2qIAxWP2lm+kYvO9oAAAAxAI7J4/uEr3zm04i75StvyvtLfdBo9H9UQrEgkMbKEzonRJIDE5JV/5sLeQxXj6gdZA==',
  },
  {
    name: 'ecdsa521',
    type: 'ecdsa-sha2-nistp521',
    line: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABo37Iu1jLiPiabWc3WnbmI8vyPbOEgits+EmUOsvUf2BeMO6PhkuCQgdOw8Y54tZFcD6DJJk/WQXqDuSsdZ/uvJgCQ/z8kI3ekHs3ykRQd5LzqzArWu/imJTGifL4HmIZuZR7tgPM/2SIPOleWDIbvmlwtB7uLSPTo/VkUJ/+GCVi9JQ== made for ecdsa521',
    fingerprint: 'SHA256:XsklpVK9kf20lk4KlfP+AXSaO2xbl7i/WMoTXoYk2eU',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "521-bit ECDSA, converted by someone@example.org from OpenSSH"\nAAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABo37Iu1jLiPiabWc\n3WnbmI8vyPbOEgits+EmUOsvUf2BeMO6PhkuCQgdOw8Y54tZFcD6DJJk/WQXqDuSsdZ/uv\nJgCQ/z8kI3ekHs3ykRQd5LzqzArWu/imJTGifL4HmIZuZR7tgPM/2SIPOleWDIbvmlwtB7\nuLSPTo/VkUJ/+GCVi9JQ==\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAACMAAAAQgCMqQVBjetq5rT4sasVGmA/6I7NrzNuJzEoLE5tNiHFI7JXxZUG8PbYyNAJx9jrb9aYHEX41z7n8ISVC0Y+LPEOPgAAAEIBD7itgiqJiB9lokCckjIe1rKYPcEUzdgLQzZH/Q82nurgR8ucKBtiW3OJg4h95pLsq1+IVQZ+St86hcDesl3eO/s=',
  },
  {
    name: 'rsa2048',
    type: 'ssh-rsa',
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDfLMouuNYgSi1B/6iY1/V0dh22U//uMa6kyBbwFCWj0S9usmBRztOVUtz4CkTfSwQCkyDMg46ld6tz/mbXVoSakzkw+/zYZzQVw/PdMGSkvH6+rQtk1g7FYAFaBWtPjrDdWzfK853P4SGYZZGpoVfVdfE/frOk42BiCJIq0zsj2a5pgo5UlPQsTJLwgdWWQfAj8DWWRVBRqquElaCxsLK3CPQtFnH411WP87uB3cCfymGjK8I6O90iHpdzEhmDhDUHgzY6HeqGO+bNv0QRwnBeiSLNUo9qgmzZ17fcgxlLK98HAixsmah2bY9jvC1XyCDHec1qYpm+reYJkevjCIrf made for rsa2048',
    fingerprint: 'SHA256:dVhlf2oghKJxLGuv4Or+A5quz/lI+IH8bmKZgl+5DUc',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "2048-bit RSA, converted by someone@example.org from OpenSSH"\nAAAAB3NzaC1yc2EAAAADAQABAAABAQDfLMouuNYgSi1B/6iY1/V0dh22U//uMa6kyBbwFC\nWj0S9usmBRztOVUtz4CkTfSwQCkyDMg46ld6tz/mbXVoSakzkw+/zYZzQVw/PdMGSkvH6+\nrQtk1g7FYAFaBWtPjrDdWzfK853P4SGYZZGpoVfVdfE/frOk42BiCJIq0zsj2a5pgo5UlP\nQsTJLwgdWWQfAj8DWWRVBRqquElaCxsLK3CPQtFnH411WP87uB3cCfymGjK8I6O90iHpdz\nEhmDhDUHgzY6HeqGO+bNv0QRwnBeiSLNUo9qgmzZ17fcgxlLK98HAixsmah2bY9jvC1XyC\nDHec1qYpm+reYJkevjCIrf\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAADHJzYS1zaGEyLTUxMgAAAQB28lGWFgjHjppoRjj6NDkyek5lXoHOElo/l1wbZsbT3UruBdkwyNDXYAHxa8f/u42i3GjJgm886M1g3QSGf3/B0HhHQJIjn5Vng4AXu2qwPCs/zH6IRp7gxnYDZWRgJ8ZY4Oww2pz334Uoi6xUls+2SRYdkBn1WG7mN94H/eCs3Y9k1kiogrc369ehfdnuBDLlsjYUWpaNVaEfycZ8AnDtCXK+tLbxpNi9juRZaW+2lXhGTtekDGxxXjqn164MN80QVYLbMhOqBbOn/HLgxGb30VkzwXBVrdeYhXia2Hc4hLdkTAjfnpBQv5c5Iq5CjWA08i+Vo1St0f+i11JshKxV',
  },
  {
    name: 'rsa3072',
    type: 'ssh-rsa',
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDAe8uKPve5J8V8A7Qmigwbp+b7LR3WJ+SHafOPfGFbYCxTi+nvg7Re3d2vA8eQ93X31bwfjJSiWIO1qj+r1qjKgU85pq+2ujoJl2irIgFmgfQ5TQS70/aaHqV2GmXdXB2jfMnFpz/sFn7pUL+fUqkCiPkI1jfesJrVclRclq1sUYt+u3MmhtqEDsJ5v0DtUnN5WA+Lb71eRB2o30ub1xkGvalpQLViambyooXK1e41Jnbj+Posd/VIcJCN3eFex2H0Se4DJDhqrsQInDYwccOqVRL266f4cQKH2eTqhj8LHMAwyQ/gNK5lY83pTRvX01BlNZQFSZIYEaUhFrSvVy0YdoAVNcmYgSAuGBepU0FU26l2Tn/IvFxV/0rtZrqNeYBvRlSbOOCKiAJNeU/+8zYN3+DZQEiSHZ/CBTIbSWN+W/QOW1R7trPwR2ZAX/XhcSkS3o47ATdi3ToKo0e4vxvNxtVeznksLOZFYUpdW0/+cQxA00+5kEg2fsD1nNSjgzE= made for rsa3072',
    fingerprint: 'SHA256:OVudqhLXN9X2ZnyR4k481rNODpD7AuS+rmeEJQnlBaY',
    rfc4716:
      '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "3072-bit RSA, converted by someone@example.org from OpenSSH"\nAAAAB3NzaC1yc2EAAAADAQABAAABgQDAe8uKPve5J8V8A7Qmigwbp+b7LR3WJ+SHafOPfG\nFbYCxTi+nvg7Re3d2vA8eQ93X31bwfjJSiWIO1qj+r1qjKgU85pq+2ujoJl2irIgFmgfQ5\nTQS70/aaHqV2GmXdXB2jfMnFpz/sFn7pUL+fUqkCiPkI1jfesJrVclRclq1sUYt+u3Mmht\nqEDsJ5v0DtUnN5WA+Lb71eRB2o30ub1xkGvalpQLViambyooXK1e41Jnbj+Posd/VIcJCN\n3eFex2H0Se4DJDhqrsQInDYwccOqVRL266f4cQKH2eTqhj8LHMAwyQ/gNK5lY83pTRvX01\nBlNZQFSZIYEaUhFrSvVy0YdoAVNcmYgSAuGBepU0FU26l2Tn/IvFxV/0rtZrqNeYBvRlSb\nOOCKiAJNeU/+8zYN3+DZQEiSHZ/CBTIbSWN+W/QOW1R7trPwR2ZAX/XhcSkS3o47ATdi3T\noKo0e4vxvNxtVeznksLOZFYUpdW0/+cQxA00+5kEg2fsD1nNSjgzE=\n---- END SSH2 PUBLIC KEY ----\n',
    signature:
      'AAAADHJzYS1zaGEyLTUxMgAAAYBojZAgI4PJA1qkwehz8TuJtoTnBIXddvAH0VW2C4RPGl21DLJx5Ub3ehykpcgg+he/PFVxP64Mm6IAW+X5Z1Co6x05tydA6iDBiN6A3gZqkdNnjNA2MOU/LWpA2MxwLTrMyZqkPyIQOwO7+zRjMVLeGm0zJf9Y4p1SHhrOQciZOkuqageSKh998+3J4QnysQfVO6rP94BNPUoYu2pw+vbax1dqDVfQ9hrs0RwEQ59nk14CGzmCPOyIRjuK3CUvLjJh+0BAweEWIAkzHsPcrmFES/TT77duzl2qNf54FOIQLFoGE2WwH+oP4AAZjAWmkrFXZsFxuz1SzGSAJmt359vcpRhrBE4+bPnDVu+oN9L4A/g52EuEHbbfUE0myw6Pe66qhgtTyIgGMGhfXmaiDKyf5arKDMUlkT/zkZhkxzf2j3xsb3snKBMdTTSu0QgLGCXIJQDcfdoixZpIAckZtEqlmhMnQmmaXpMZxJALxqDDv7osEyWMMH4zysxzkXmiNiQ=',
  },
];

/** Of 1024 bits: too short. */
export const shortRsaLine =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDjgdyk/5721c3d/Z59nYrXrN5vEyZnaS91Tvn+qXbpeQNmUpqG5HVUXlrxdWtFt93kZr3TT1I8L5g7cusMGWlG8F8CqKVxeQ0imB4MkmL4miCadxQtDukNrNgUo3A/TcCaXRmrjlrpApeVE/URUJnG+6TL25CfA9GMMSWf5BXhKQ== made for rsa1024';

/** What `ssh-keygen -t dsa` makes. */
export const dsaLine =
  'ssh-dss AAAAB3NzaC1kc3MAAACBANr8ozy7NU3BBh82qVvNPRvwkO8ZYOaj6BNaKGIpr2A9lXRcZ7jEqWn+Meo6xoStvsf8BOPjYu+09LvP6Qneip+53aBseF5fRjHWkayAguNiNNFPrgIGVKx81KfcajIw04/es2Ut8nn7PUL4g1ssXAI9mdz44tYmaT/v2yXvV1K/AAAAFQCjW2n5KGMlBH8e2o8gmfy8IE3mswAAAIATvu9mMr0wQ9+d0WYgiasjdz1PubgmrUHaZYGU/epWURGw2kvcM7hHWFSO9qPcmbwGyNcb7iFFMhH8OpmSC7jj4Vvi7/Gfpn1XbRFr20dIzgSFSxDBb63j7OU+1oWArCa1jNmAKeIlPiLbY9NuBwFutmwutxD0BZydZXnQxHdGqAAAAIAqLEwuksuu5dxjqKYdmu1JeO6FCpicBE+Bxa2LZbqSjxnzQqhGCfJGeDBInHoXfF6q56LQ6XIOXKN2B7ZbEQD/jGtu6BFdPVMFwp+ni8284tTIVKotcAfxYaOo6UvxSb44mQ2EYrFPLuwtG9M4LJc/ov7RJYnvczX0Ue+vifB0XQ== someone@example.org';
