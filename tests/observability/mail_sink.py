"""Accept mail on loopback and write each message, decoded, as one JSON file: mail_sink.py PORT DIRECTORY"""

import json
import os
import signal
import sys
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, directory):
        self.directory = directory
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        mail = {
            "from": envelope.mail_from,
            "to": ",".join(envelope.rcpt_tos),
            "subject": message["Subject"],
            "body": "\n".join(texts),
        }
        self.count += 1
        path = os.path.join(self.directory, f"{self.count:04}.json")
        # Renamed when complete: a reader never sees half a mail.
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)
        return "250 kept"


port, directory = int(sys.argv[1]), sys.argv[2]
Controller(Keep(directory), hostname="127.0.0.1", port=port).start()
signal.pause()
