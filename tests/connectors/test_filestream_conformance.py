"""The file connectors in the conformance suite."""

from __future__ import annotations

from barnabas.connectors.filestream import FileStreamSinkConnector, FileStreamSourceConnector
from barnabas.testing import SinkConformance, SourceConformance


class TestFileStreamSource(SourceConformance):
    connector_class = FileStreamSourceConnector

    def props(self):
        return {"file": str(self.folder / "in.txt"), "topic": "lines", "batch.size": "7"}

    def make_input(self, n):
        path = self.folder / "in.txt"
        start = len(path.read_text().splitlines()) if path.exists() else 0
        lines = [f"line {number} é" for number in range(start, start + n)]
        with path.open("a") as file:
            file.writelines(line + "\n" for line in lines)
        return lines


class TestFileStreamSink(SinkConformance):
    connector_class = FileStreamSinkConnector

    def props(self):
        return {"file": str(self.folder / "out.txt")}

    def read_output(self):
        return (self.folder / "out.txt").read_text().splitlines()
