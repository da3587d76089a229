using System.CommandLine;
using System.Globalization;

namespace Espalier.Cli.Commands.Shared;

/// <summary>An option that takes a number, such as 1e-3; null where it is not given and has no default.</summary>
internal sealed class NumberOption : Option<double?>
{
    internal NumberOption(string name, string description, string helpName, double? byDefault = null) : base(name)
    {
        Description = description;
        HelpName = helpName;
        if (byDefault is not null)
            DefaultValueFactory = _ => byDefault;
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var percent = text.EndsWith('%');
            if (double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
                return percent ? value / 100 : value;
            result.AddError($"{name} is '{text}', it must be a number");
            return null;
        };
    }
}
