using System.Text;

namespace Espalier.Cli.Interface;

/// <summary>A completion script for bash. Everything is in the script: completing starts no program.</summary>
internal static class BashCompletion
{
    internal static string Of(InterfaceFacts facts)
    {
        var names = string.Join(' ', facts.Commands.Select(command => command.Name));
        var shared = Names(facts.Options);
        var script = new StringBuilder();
        script.Append("""
            # bash completion for espalier: source <(espalier completion bash)
            _espalier_paths() {
                compopt -o filenames 2>/dev/null
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$1" -- "$cur")
            }

            _espalier_words() {
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$cur")
            }

            _espalier() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
                COMPREPLY=()
                # --option=value comes as three words.
                if [[ $cur == = ]]; then
                    cur=''
                elif [[ $prev == = ]]; then
                    prev=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                for ((i = 1; i < COMP_CWORD; i++)); do
                    if [[ ${COMP_WORDS[i]} != -* ]]; then
                        command=${COMP_WORDS[i]}
                        break
                    fi
                done
                case "$command $prev" in

            """);
        foreach (var command in facts.Commands)
            foreach (var option in command.Options.Where(option => option.Value is not null))
                script.Append(CultureInfo.InvariantCulture,
                    $"        {string.Join(" | ", All(option).Select(name => $"'{command.Name} {name}'"))})\n{Values(option, names)}       "
                        + $"     return ;;\n");
        script.Append("    esac\n    case $command in\n");
        script.Append(CultureInfo.InvariantCulture, $"        '')\n            _espalier_words '{names} {shared} --version' ;;\n");
        foreach (var command in facts.Commands)
        {
            var argument = command.Arguments.Count > 0 ? Values(command.Arguments[0], names) : "";
            script.Append(CultureInfo.InvariantCulture,
                $"        {command.Name})\n            if [[ $cur == -* ]]; then\n                _espalier_words '"
                    + $"{Names(command.Options)} {shared}'\n");
            script.Append(argument.Length > 0 ? $"            else\n    {argument}            fi ;;\n" : "            fi ;;\n");
        }
        script.Append("    esac\n}\n\ncomplete -F _espalier espalier\n");
        return script.ToString();
    }

    private static string Values(ValueFacts value, string commands)
    {
        var lines = new StringBuilder();
        string[] words = [.. value.Choices, .. value.IsCommand ? commands.Split(' ') : []];
        if (words.Length > 0)
            lines.Append(CultureInfo.InvariantCulture, $"            _espalier_words '{string.Join(' ', words)}'\n");
        if (value.Files)
            lines.Append(CultureInfo.InvariantCulture, $"            _espalier_paths {(value.Folders ? "-d" : "-f")}\n");
        return lines.ToString();
    }

    private static IEnumerable<string> All(ValueFacts option) => option.Aliases.Prepend(option.Name);

    private static string Names(IEnumerable<ValueFacts> options) => string.Join(' ', options.Select(option => option.Name));
}
