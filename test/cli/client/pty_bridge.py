"""Runs a program in a pseudo-terminal of its own: pty_bridge.py COLUMNS ROWS PROGRAM [ARGUMENT...]

Standard output is what the terminal shows. Standard input takes lines of JSON: {"type": TEXT}, {"resize": [COLUMNS, ROWS]},
{"signal": NUMBER}; at its end the terminal is hung up. Ends with the program's status, 128 and its number for a signal.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


def main():
    columns, rows, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        resize(0, columns, rows)
        os.execvp(program[0], program)
    asked = b""
    reading = [0, terminal]
    while True:
        ready, _, _ = select.select(reading, [], [])
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:
                shown = b""
            if not shown:
                break
            write_all(1, shown)
        if 0 in ready:
            more = os.read(0, 65536)
            if not more:
                os.close(terminal)
                os.kill(child, signal.SIGHUP)
                break
            *lines, asked = (asked + more).split(b"\n")
            for line in lines:
                what = json.loads(line)
                if "type" in what:
                    write_all(terminal, what["type"].encode())
                if "resize" in what:
                    resize(terminal, *what["resize"])
                if "signal" in what:
                    os.kill(child, what["signal"])
    _, status = os.waitpid(child, 0)
    sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


main()
