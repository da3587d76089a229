using System.CommandLine;
using System.Globalization;

namespace Espalier.Cli.Commands.Shared;

/// <summary>An option that takes a whole number within limits; null where it is not given and has no default.</summary>
internal sealed class CountOption : Option<int?>
{
    internal CountOption(string name, string description, int? byDefault = null, int least = 1, int most = int.MaxValue) : base(name)
    {
        Description = description;
        HelpName = "N";
        if (byDefault is not null)
            DefaultValueFactory = _ => byDefault;
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
                result.AddError($"{name} is '{text}', it must be a whole number");
            else if (value < least || value > most)
                result.AddError(most == int.MaxValue ? $"{name} is {value}, it must be at least {least}" : $"{name} is {value}, it must be from {least} to {most}");
            return value;
        };
    }
}
