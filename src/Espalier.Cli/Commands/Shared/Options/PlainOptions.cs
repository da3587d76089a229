using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>An option that is there or not.</summary>
internal class FlagOption : Option<bool>
{
    internal FlagOption(string name, string description) : base(name) => Description = description;
}

/// <summary>An option whose value is a text as it stands.</summary>
internal sealed class TextOption : Option<string>
{
    internal TextOption(string name, string description, string form) : base(name) => (Description, HelpName) = (description, form);
}
