using System.CommandLine;

namespace Espalier.Cli.Commands.Shared;

/// <summary>An option that takes one of a few names, in either case; null where it is not given and has no default.</summary>
internal sealed class ChoiceOption<T> : Option<T?> where T : struct
{
    internal ChoiceOption(string name, string description, T? byDefault, params (string Name, T Value)[] choices) : base(name)
    {
        ByDefault = byDefault;
        // Said here and not by the parser's help, which would show the name that C# has for it.
        Description = byDefault is { } value ? $"{description} [default: {choices.First(choice => choice.Value.Equals(value)).Name}]"
            : description;
        HelpName = string.Join('|', choices.Select(choice => choice.Name));
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            foreach (var (known, value) in choices)
                if (known.Equals(text, StringComparison.OrdinalIgnoreCase))
                    return value;
            var names = choices.Select(choice => choice.Name).ToArray();
            result.AddError(
                $"{result.OptionName()} is '{text}', it must be one of {string.Join(", ", names)}.{NearestName.Hint(text, names)}");
            return null;
        };
    }

    /// <summary>The value where none is given.</summary>
    internal T? ByDefault { get; }
}
