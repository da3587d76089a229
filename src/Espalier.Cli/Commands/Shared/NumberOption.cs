using System.CommandLine;
using Espalier.Files;

namespace Espalier.Cli.Commands.Shared;

/// <summary>An option that takes a number, such as 1e-3 or 2%; null where it is not given and has no default.</summary>
internal sealed class NumberOption : Option<double?>
{
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is.</param>
    /// <param name="helpName">What a value looks like.</param>
    /// <param name="byDefault">The value where none is given.</param>
    /// <param name="word">A word and the number that it stands for, as in recipes.</param>
    internal NumberOption(string name, string description, string helpName, double? byDefault = null,
        (string Text, double Value)? word = null) : base(name)
    {
        Description = description;
        HelpName = word is { } known ? $"{helpName}|{known.Text}" : helpName;
        if (byDefault is not null)
            DefaultValueFactory = _ => byDefault;
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (word is { } given && given.Text == text)
                return given.Value;
            if (Quantity.Share(text) is { } value && double.IsFinite(value))
                return value;
            result.AddError($"{result.OptionName()} is '{text}', it must be a number{(word is { } other ? $" or {other.Text}" : "")}");
            return null;
        };
    }
}
