"""Paramiko, moved by a test: one call as JSON in each line of standard input, its outcome in each of standard output.

A call is {"on": thing, "do": method, "args": [...], "named": {...}, "keep": name}. What it returns is printed, and kept
under `name` for later calls when there is one. Bytes are {"bytes": latin1} both ways, a kept thing is {"thing": name}.
"""

import hashlib
import io
import json
import sys
import threading
import types

import paramiko


class Session:
    """What calls on "session" find: logging in, and whatever takes more than one call of paramiko."""

    def __init__(self, things):
        self.things = things

    def connect(self, host_keys, keep="ssh", **named):
        """Logs in; the host key is trusted the first time only, as it is by people."""
        ssh = paramiko.SSHClient()
        open(host_keys, "a").close()
        ssh.load_host_keys(host_keys)
        ssh.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        ssh.connect("127.0.0.1", allow_agent=False, look_for_keys=False, **named)
        self.things[keep] = ssh

    def auth_types(self, port, username):
        """What the server says may be tried, to somebody who tried nothing."""
        transport = paramiko.Transport(("127.0.0.1", port))
        transport.start_client()
        try:
            transport.auth_none(username)
        except paramiko.BadAuthenticationType as refusal:
            return refusal.allowed_types
        finally:
            transport.close()

    def interactive(self, port, username, answers):
        """Logs in by keyboard-interactive, answering each prompt."""
        transport = paramiko.Transport(("127.0.0.1", port))
        transport.start_client()
        try:
            transport.auth_interactive(username, lambda title, instructions, prompts: answers[: len(prompts)])
            return transport.is_authenticated()
        finally:
            transport.close()

    def run(self, ssh, command):
        """A command over exec, as its status and what it printed."""
        _, stdout, stderr = self.things[ssh].exec_command(command)
        return {"stdout": stdout.read(), "stderr": stderr.read(), "status": stdout.channel.recv_exit_status()}

    def prefetched(self, sftp, path):
        """SHA-256 of what `prefetch`, which asks for all of the file at once, brings."""
        digest = hashlib.sha256()
        with self.things[sftp].open(path, "rb") as file:
            file.prefetch()
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        return digest.hexdigest()

    def at_once(self, ssh, count, size):
        """Puts and gets on as many SFTP channels of one transport at the same time; how many came back unharmed."""
        unharmed = []

        def work(index):
            with self.things[ssh].open_sftp() as sftp:
                data = hashlib.sha256(str(index).encode()).digest() * (size // 32)
                sftp.putfo(io.BytesIO(data), "at-once-%d" % index)
                back = io.BytesIO()
                sftp.getfo("at-once-%d" % index, back)
                if back.getvalue() == data:
                    unharmed.append(index)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(unharmed)

    def getfo(self, sftp, path):
        """What `getfo` writes into a file object, and how far it said it was."""
        told = []
        into = io.BytesIO()
        size = self.things[sftp].getfo(path, into, callback=lambda done, whole: told.append([done, whole]))
        return {"size": size, "data": into.getvalue(), "told": told[-1]}

    def putfo(self, sftp, data, path):
        """`putfo` from a file object; the attributes that it confirms the upload with."""
        return self.things[sftp].putfo(io.BytesIO(data), path)


def from_json(value, things):
    if isinstance(value, dict) and set(value) == {"bytes"}:
        return value["bytes"].encode("latin1")
    if isinstance(value, dict) and set(value) == {"thing"}:
        return things[value["thing"]]
    if isinstance(value, list):
        return [from_json(item, things) for item in value]
    return value


def to_json(value):
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin1")}
    if isinstance(value, paramiko.SFTPAttributes):
        names = ("filename", "longname", "st_size", "st_uid", "st_gid", "st_mode", "st_atime", "st_mtime")
        return {name: getattr(value, name, None) for name in names}
    if isinstance(value, (list, tuple, types.GeneratorType)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else None


def main():
    things = {}
    things["session"] = Session(things)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            method = getattr(things[call["on"]], call["do"])
            args = from_json(call.get("args", []), things)
            named = {key: from_json(value, things) for key, value in call.get("named", {}).items()}
            result = method(*args, **named)
            if call.get("keep"):
                things[call["keep"]] = result
            outcome = {"value": to_json(result)}
        except Exception as error:
            outcome = {"error": type(error).__name__, "text": str(error), "errno": getattr(error, "errno", None)}
        print(json.dumps(outcome), flush=True)


main()
