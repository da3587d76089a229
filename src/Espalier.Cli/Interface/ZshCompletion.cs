using System.Text;

namespace Espalier.Cli.Interface;

/// <summary>A completion script for zsh, to be sourced or to lie as <c>_espalier</c> in a folder of <c>fpath</c>.</summary>
internal static class ZshCompletion
{
    internal static string Of(InterfaceFacts facts)
    {
        var names = string.Join(' ', facts.Commands.Select(command => command.Name));
        var script = new StringBuilder();
        script.Append("""
            #compdef espalier
            # zsh completion for espalier: source <(espalier completion zsh), or save it as _espalier in a folder of fpath
            _espalier_words_or_files() {
                compadd -- "$@"
                _files
            }

            _espalier() {
                local curcontext=$curcontext state line
                local -a commands
                if (( CURRENT == 2 )); then
                    commands=(

            """);
        foreach (var command in facts.Commands)
            script.Append(CultureInfo.InvariantCulture, $"            {Quoted($"{command.Name}:{command.Description}")}\n");
        script.Append(CultureInfo.InvariantCulture,
            $"        )\n        _describe -t commands command commands\n        compadd -- "
                + $"{string.Join(' ', facts.Options.Select(option => option.Name))} --version\n        return\n    fi\n");
        script.Append("    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n");
        foreach (var command in facts.Commands)
        {
            script.Append(CultureInfo.InvariantCulture, $"        {command.Name})\n            _arguments -S");
            foreach (var option in command.Options.Concat(facts.Options))
                script.Append(CultureInfo.InvariantCulture, $" \\\n                {Spec(option)}");
            foreach (var (argument, at) in command.Arguments.Select((argument, at) => (argument, at)))
                script.Append(CultureInfo.InvariantCulture,
                    $" \\\n                {Quoted($"{(argument.Many ? "*" : $"{at + 1}:")}:{Text(argument.Name)}:{Action(argument, names)}")}");
            script.Append(" ;;\n");
        }
        script.Append(
            "    esac\n}\n\nif [[ $funcstack[1] == _espalier ]]; then\n    _espalier \"$@\"\nelse\n    compdef _espalier espalier\nfi\n");
        return script.ToString();
    }

    private static string Spec(ValueFacts option)
    {
        string[] all = [option.Name, .. option.Aliases.Where(alias => alias.Length > 2 || char.IsAsciiLetter(alias[1]))];
        var exclusive = option.Many ? "*" : all.Length > 1 ? $"({string.Join(' ', all)})" : "";
        var rest = $"[{Text(option.Description)}]{(option.Value is null ? "" : $":{Text(option.Value)}:{Action(option, "")}")}";
        return all.Length == 1 ? Quoted($"{exclusive}{all[0]}{rest}")
            : $"{(exclusive.Length > 0 ? Quoted(exclusive) : "")}{{{string.Join(',', all)}}}{Quoted(rest)}";
    }

    private static string Action(ValueFacts value, string commands) => value switch
    {
        { IsCommand: true } => $"({commands})",
        { Choices.Count: > 0, Files: true } => $" _espalier_words_or_files {string.Join(' ', value.Choices)}",
        { Choices.Count: > 0 } => $"({string.Join(' ', value.Choices)})",
        { Folders: true } => "_files -/",
        { Files: true } => "_files",
        _ => " ",
    };

    private static string Text(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal)
            .Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal);

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
