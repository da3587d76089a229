using System.Text;

namespace Espalier.Cli.Interface;

/// <summary>A completion script for fish.</summary>
internal static class FishCompletion
{
    internal static string Of(InterfaceFacts facts)
    {
        var names = string.Join(' ', facts.Commands.Select(command => command.Name));
        var script = new StringBuilder();
        script.Append("""
            # fish completion for espalier: espalier completion fish | source
            function __espalier_is
                set -l words (commandline -opc)
                for word in $words[2..]
                    if not string match -q -- '-*' $word
                        test "$word" = "$argv[1]"
                        return
                    end
                end
                test -z "$argv[1]"
            end

            complete -c espalier -f

            """);
        foreach (var option in facts.Options)
            script.Append(CultureInfo.InvariantCulture, $"complete -c espalier{Flags(option)} -d {Quoted(option.Description)}\n");
        foreach (var command in facts.Commands)
        {
            script.Append(CultureInfo.InvariantCulture,
                $"complete -c espalier -n '__espalier_is \"\"' -a {command.Name} -d {Quoted(command.Description)}\n");
            var condition = $"complete -c espalier -n '__espalier_is {command.Name}'";
            foreach (var option in command.Options)
                script.Append(CultureInfo.InvariantCulture,
                    $"{condition}{Flags(option)}{(option.Value is null ? "" : Value(option, names, option: true))} -d "
                        + $"{Quoted(option.Description)}\n");
            if (command.Arguments.Count > 0)
                script.Append(CultureInfo.InvariantCulture, $"{condition}{Value(command.Arguments[0], names, option: false)}\n");
        }
        return script.ToString();
    }

    private static string Flags(ValueFacts option) => string.Concat(option.Aliases.Prepend(option.Name)
        .Where(name => name.Length > 2 || char.IsAsciiLetter(name[1]))
        .Select(name => name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}"));

    private static string Value(ValueFacts value, string commands, bool option)
    {
        var words = value.IsCommand ? commands : string.Join(' ', value.Choices);
        return value switch
        {
            { Folders: true } => $"{(option ? " -x" : "")} -a '(__fish_complete_directories)'",
            { Files: true } => $"{(option ? " -r" : "")} -F{(words.Length > 0 ? $" -a {Quoted(words)}" : "")}",
            _ => $"{(option ? " -x" : "")}{(words.Length > 0 ? $" -a {Quoted(words)}" : "")}",
        };
    }

    private static string Quoted(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
