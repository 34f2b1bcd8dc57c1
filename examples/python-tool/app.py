"""A tool in Python: says what stands in the columns of a CSV file.

`exports.Tools` is the interface `anteroom:tool/tools` of the file `wit/tool.wit` in the repository; the modules below
`wit_world` are generated from it when the component is built. Files are plain files.
"""

import csv
import encodings.utf_8_sig  # named, because what is imported by name only at run time is left out of a component
import json
import statistics

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import (
    Capability,
    Content_Json,
    Output,
    Tier,
    ToolError_Failed,
    ToolError_InvalidArgs,
    ToolError_NotFound,
    ToolManifest,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "The file, relative to the workspace"},
        "delimiter": {"type": "string", "minLength": 1, "maxLength": 1, "description": "`,` if left out"},
    },
    "required": ["path"],
    "additionalProperties": False,
}


class Tools(exports.Tools):
    def describe(self):
        return [
            ToolManifest(
                name="describe_csv",
                description='Says how many rows a CSV file has, and least, greatest and mean of each column of numbers. Example: {"path": "sales.csv"}',
                input_schema=json.dumps(SCHEMA),
                tier=Tier.READ,
                capabilities=[Capability.FILES_READ],
                timeout_ms=60_000,
            )
        ]

    def call(self, ctx, name, args):
        if name != "describe_csv":
            raise Err(ToolError_NotFound(f"there is no tool `{name}` in this toolset"))
        arguments = json.loads(args)
        try:
            with open(arguments["path"], newline="", encoding="utf-8-sig") as file:
                report = described(csv.DictReader(file, delimiter=arguments.get("delimiter", ",")))
        except FileNotFoundError:
            raise Err(ToolError_NotFound(f"there is no file `{arguments['path']}`; find it with `glob_files`"))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Err(ToolError_InvalidArgs(f"`{arguments['path']}` is no CSV in UTF-8: {error}"))
        except OSError as error:
            raise Err(ToolError_Failed(f"`{arguments['path']}` cannot be read: {error.strerror}"))
        return Output(content=[Content_Json(json.dumps(report))])


def described(rows):
    rows = list(rows)
    names = list(rows[0]) if rows else []
    return {"rows": len(rows), "columns": {name: column([row[name] for row in rows]) for name in names}}


def column(values):
    numbers = [number for number in map(as_number, values) if number is not None]
    if len(numbers) < len(values):
        return {"kind": "text", "different": len(set(values))}
    return {
        "kind": "number",
        "least": min(numbers),
        "greatest": max(numbers),
        "mean": round(statistics.fmean(numbers), 6),
    }


def as_number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
