"""What Python loads first (`sitecustomize`) where xpm asks a program for its options: the parser tells them instead of parsing.

Writes a JSON object to $XPM_DESCRIBE, and ends the program. Standard library only.
"""
import enum
import json
import os
import sys

_target = os.environ.pop("XPM_DESCRIBE", None)
_own = os.path.dirname(os.path.abspath(__file__))


def _tell(answer):
    with open(_target, "w", encoding="utf-8", errors="replace") as file:
        json.dump(answer, file, default=str, allow_nan=False)
    os._exit(0)


def _plain(value):
    """A default as JSON has it, or nothing."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        values = [_plain(one) for one in value]
        return None if any(one is None for one in values) else values
    return None


def _type_name(kind):
    names = {int: "int", float: "float", str: "string", None: "string"}
    try:
        if kind in names:
            return names[kind]
    except TypeError:
        pass
    if isinstance(kind, type) and issubclass(kind, os.PathLike):
        return "path"
    if type(kind).__name__ == "FileType":
        return "path"
    return None


# argparse


def _of_argparse(parser, words):
    import argparse

    title = parser.description or ""
    options = []
    actions = []
    # Those of the parsers above the one of the subcommand.
    before = []

    def take(one):
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word in words:
                    if word in action.choices:
                        words.remove(word)
                        inner = action.choices[word]
                        nonlocal title
                        title = inner.description or title
                        before.extend(
                            other for other in one._actions
                            if other is not action and not isinstance(other, argparse._HelpAction)
                        )
                        actions.clear()
                        return take(inner)
                _tell({"framework": "argparse", "help": title, "subcommands": sorted(action.choices), "options": []})
            actions.append((one, action))

    take(parser)
    for action in before:
        options.append(
            {
                "flags": list(action.option_strings), "name": action.dest, "help": "", "required": False, "list": False,
                "choices": None, "default": None, "kind": "skip", "note": "it stands before the subcommand",
                "paired": False,
            }
        )
    for owner, action in actions:
        if isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
            continue
        try:
            text = owner._get_formatter()._expand_help(action) if action.help else ""
        except Exception:
            text = action.help or ""
        if action.help is argparse.SUPPRESS:
            continue
        option = {
            "flags": list(action.option_strings),
            "name": action.dest,
            "help": text,
            "required": bool(action.required) and action.nargs not in ("?", "*"),
            "list": action.nargs in ("+", "*") or isinstance(action.nargs, int),
            "choices": None,
            "default": None if action.default is argparse.SUPPRESS else _plain(action.default),
            "kind": _type_name(action.type),
            "note": None,
            "paired": False,
        }
        if option["kind"] is None:
            option["kind"] = "string"
            option["note"] = "its type is " + getattr(action.type, "__name__", type(action.type).__name__)
        if action.type is bool:
            option["note"] = "its type is bool, for which every text but an empty one is true"
        if option["kind"] == "string" and not isinstance(action, (argparse._StoreConstAction,)):
            # Without a type the program gets what stands there, and a text where a value is given.
            texts = option["default"] if isinstance(option["default"], list) else [option["default"]]
            if any(not isinstance(one, str) for one in texts):
                option["default"] = None
        if action.default is not None and action.default is not argparse.SUPPRESS and option["default"] is None:
            option["note"] = "; ".join(filter(None, [option["note"], "its default is " + repr(action.default)]))
        if action.choices is not None:
            choices = [_plain(one) for one in action.choices]
            option["choices"] = None if None in choices or len(choices) > 1000 else choices
        if isinstance(action, (argparse._StoreTrueAction, argparse._StoreFalseAction)):
            option.update(kind="flag", default=False, list=False)
        elif isinstance(action, argparse._StoreConstAction):
            option.update(kind="flag", default=False, list=False)
        elif type(action).__name__ == "BooleanOptionalAction":
            option.update(kind="flag", paired=True, default=bool(action.default), list=False)
        elif isinstance(action, argparse._CountAction):
            option.update(kind="skip", note="it counts how often it is given")
        elif isinstance(action, argparse._AppendAction):
            option.update(kind="skip", note="it is given once for each value")
        elif not isinstance(action, argparse._StoreAction):
            option.update(note="its action is " + type(action).__name__)
        if action.nargs in (argparse.REMAINDER, argparse.PARSER):
            option.update(kind="skip", note="it takes the rest of the words")
        options.append(option)
    _tell({"framework": "argparse", "help": title, "subcommands": [], "options": options})


def _patch_argparse():
    import argparse

    formers = {name: getattr(argparse.ArgumentParser, name) for name in ("parse_args", "parse_known_args")}

    def parser_of(name):
        def parse(self, args=None, namespace=None, *rest, **more):
            # One without help reads some words for another parser, which follows.
            if not any(isinstance(action, argparse._HelpAction) for action in self._actions):
                return formers[name](self, args, namespace, *rest, **more)
            describe(self, args)

        return parse

    def describe(self, args):
        words = [str(one) for one in (sys.argv[1:] if args is None else args)]
        if any(getattr(action, "dest", "") == "cfg" and "--cfg" in action.option_strings for action in self._actions):
            if "hydra" in sys.modules:
                _tell({"framework": "hydra", "help": "", "subcommands": [], "options": []})
        _of_argparse(self, words)

    for name in formers:
        setattr(argparse.ArgumentParser, name, parser_of(name))


# click, and typer, which is made of it


def _annotated_kind(descriptor):
    """The same of newer versions of typer, which keep the annotation."""
    import typing

    kind = descriptor.annotation
    while typing.get_origin(kind) is not None:
        inner = [one for one in typing.get_args(kind) if one is not type(None)]
        if typing.get_origin(kind) is getattr(typing, "Literal", None):
            return "string", [str(one) for one in inner], None
        if not inner:
            break
        kind = inner[0]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "string", [str(one.value) for one in kind], None
    if kind is bool:
        return "bool", None, None
    name = _type_name(kind)
    return name or "string", None, None if name else "its type is " + str(getattr(kind, "__name__", kind))


def _click_kind(param):
    descriptor = getattr(param, "type_descriptor", None)
    if descriptor is not None and not hasattr(param, "type"):
        return _annotated_kind(descriptor)
    kind = type(param.type).__name__
    choices = None
    if kind == "Choice":
        choices = [getattr(one, "value", one) for one in param.type.choices]
        return "string", [str(one) for one in choices], None
    names = {
        "IntParamType": "int", "IntRange": "int", "FloatParamType": "float", "FloatRange": "float",
        "StringParamType": "string", "UUIDParameterType": "string", "BoolParamType": "bool", "Path": "path",
        "TyperPath": "path", "File": "path",
    }
    if kind in names:
        return names[kind], None, None
    return "string", None, "its type is " + str(getattr(param.type, "name", kind))


def _of_click(command, words, framework):
    import click

    title = command.help or ""
    while hasattr(command, "commands") or hasattr(command, "list_commands"):
        context = click.Context(command, info_name="x", resilient_parsing=True)
        names = list(command.list_commands(context))
        chosen = next((word for word in words if word in names), None)
        if chosen is None:
            _tell({"framework": framework, "help": title, "subcommands": sorted(names), "options": []})
        words.remove(chosen)
        command = command.get_command(context, chosen)
        title = command.help or title
    options = []
    for param in command.params:
        if getattr(param, "hidden", False):
            continue
        is_option = param.param_type_name == "option"
        flags = list(param.opts) if is_option else []
        if is_option and ("--help" in flags or "--version" in flags or getattr(param, "is_eager", False)):
            continue
        kind, choices, note = _click_kind(param)
        default = param.default
        if type(default).__name__ == "Sentinel" or callable(default) and not isinstance(default, type):
            default = None
        option = {
            "flags": flags, "name": param.name, "help": getattr(param, "help", None) or "",
            "required": bool(param.required), "list": param.nargs != 1 or bool(getattr(param, "multiple", False)),
            "choices": choices, "default": _plain(default), "kind": kind, "note": note, "paired": False,
        }
        if is_option and getattr(param, "multiple", False) is False and param.nargs > 1:
            option.update(kind="skip", note="it takes %d values" % param.nargs)
        if getattr(param, "is_flag", False):
            paired = bool(getattr(param, "secondary_opts", None))
            option.update(kind="flag", paired=paired, default=bool(default) if paired else False, choices=None)
            if paired:
                option["negative"] = list(param.secondary_opts)
        if getattr(param, "count", False):
            option.update(kind="skip", note="it counts how often it is given")
        options.append(option)
    _tell({"framework": framework, "help": title, "subcommands": [], "options": options})


def _patch_click():
    try:
        import click
    except Exception:
        return

    formers = {}

    def main(self, args=None, *rest, **more):
        framework = "typer" if type(self).__module__.startswith("typer") else "click"
        try:
            _of_click(self, [str(one) for one in (sys.argv[1:] if args is None else args)], framework)
        except Exception:
            # Of a version that is not known: it prints its help.
            former = next(formers[kind] for kind in type(self).__mro__ if kind in formers)
            return former(self, args, *rest, **more)

    kinds = [getattr(click, name, None) for name in ("Command", "Group")]
    try:
        import typer.core

        kinds += [typer.core.TyperCommand, typer.core.TyperGroup]
    except Exception:
        pass
    for kind in kinds:
        if kind is not None:
            formers[kind] = kind.main
            kind.main = main


def _former():
    """The sitecustomize that this one hides."""
    sys.path[:] = [one for one in sys.path if os.path.abspath(one or ".") != _own]
    rest = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one and os.path.abspath(one) != _own]
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)
    hidden = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except Exception:
        if hidden is not None:
            sys.modules["sitecustomize"] = hidden


if _target:
    _patch_argparse()
    _patch_click()
_former()
