using System.CommandLine;
using Espalier.Files;

namespace Espalier.Cli.Commands.Shared;

/// <summary>
/// An option that takes a whole number within limits, as recipes write it (<c>300</c>, <c>1k</c>); null where it is not given and has no
/// default.
/// </summary>
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
            if (Quantity.Count(text) is not { } value)
                result.AddError($"{result.OptionName()} is '{text}', it must be a whole number");
            else if (value >= least && value <= most)
                return (int)value;
            else
                result.AddError(most == int.MaxValue && value < least
                    ? $"{result.OptionName()} is {value}, it must be at least {least}"
                    : $"{result.OptionName()} is {value}, it must be from {least} to {most}");
            return null;
        };
    }
}
